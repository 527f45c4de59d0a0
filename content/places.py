"""Time zones as people name them: an IANA name, a city, a country, an abbreviation.

A city that is in the IANA list is found under its own name; `ELSEWHERE` adds well-known ones that are not. A name with two
meanings is in `AMBIGUOUS`, and is asked about, never guessed.

Source: https://www.iana.org/time-zones (names and links), checked 2026-11-22 through the `tzdata` that is installed.
"""

import re
import unicodedata
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

REGIONS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")

ABBREVIATIONS = {
    "UTC": "UTC",
    "GMT": "UTC",
    **dict.fromkeys(("CET", "CEST", "MEZ", "MESZ"), "Europe/Brussels"),
    **dict.fromkeys(("EET", "EEST"), "Europe/Athens"),
    **dict.fromkeys(("WET", "WEST"), "Europe/Lisbon"),
    "BST": "Europe/London",
    "MSK": "Europe/Moscow",
    **dict.fromkeys(("EST", "EDT", "ET"), "America/New_York"),
    **dict.fromkeys(("CST", "CDT", "CT"), "America/Chicago"),
    **dict.fromkeys(("MST", "MDT", "MT"), "America/Denver"),
    **dict.fromkeys(("PST", "PDT", "PT"), "America/Los_Angeles"),
    **dict.fromkeys(("AKST", "AKDT"), "America/Anchorage"),
    "HST": "Pacific/Honolulu",
    "BRT": "America/Sao_Paulo",
    "JST": "Asia/Tokyo",
    "KST": "Asia/Seoul",
    "HKT": "Asia/Hong_Kong",
    "SGT": "Asia/Singapore",
    **dict.fromkeys(("AEST", "AEDT", "AET"), "Australia/Sydney"),
    **dict.fromkeys(("ACST", "ACDT"), "Australia/Adelaide"),
    "AWST": "Australia/Perth",
    **dict.fromkeys(("NZST", "NZDT", "NZT"), "Pacific/Auckland"),
    "SAST": "Africa/Johannesburg",
}
"""Each is read as the wall time of a zone, all year. CET, EET and WET are IANA's own links to these zones."""

CAPITALS_ONLY = frozenset({"wet", "west", "la", "us"})
"""Names that count only in capitals, being ordinary words otherwise."""

ELSEWHERE = {
    **dict.fromkeys(
        ("San Francisco", "Seattle", "San Diego", "Las Vegas", "Silicon Valley", "Pacific", "California", "LA"),
        "America/Los_Angeles",
    ),
    **dict.fromkeys(
        ("Boston", "Washington", "Washington DC", "Philadelphia", "Miami", "Atlanta", "NYC", "Eastern", "Ottawa"),
        "America/New_York",
    ),
    **dict.fromkeys(("Dallas", "Houston", "Austin", "New Orleans", "Minneapolis", "Central"), "America/Chicago"),
    **dict.fromkeys(("Salt Lake City", "Mountain"), "America/Denver"),
    **dict.fromkeys(("Munich", "Hamburg", "Cologne", "Frankfurt", "Stuttgart", "Germany", "German"), "Europe/Berlin"),
    **dict.fromkeys(("Geneva", "Basel", "Bern", "Switzerland", "Swiss"), "Europe/Zurich"),
    **dict.fromkeys(("Milan", "Turin", "Naples", "Florence", "Venice", "Italy", "Italian"), "Europe/Rome"),
    **dict.fromkeys(("Barcelona", "Seville", "Bilbao", "Malaga"), "Europe/Madrid"),
    **dict.fromkeys(("Lyon", "Marseille", "Toulouse", "France", "French"), "Europe/Paris"),
    **dict.fromkeys(("Porto", "Braga"), "Europe/Lisbon"),
    **dict.fromkeys(("Edinburgh", "Glasgow", "Manchester", "UK", "British", "England"), "Europe/London"),
    **dict.fromkeys(("Rotterdam", "The Hague", "Netherlands", "Dutch"), "Europe/Amsterdam"),
    **dict.fromkeys(("Antwerp", "Belgium", "Central European", "European"), "Europe/Brussels"),
    **dict.fromkeys(("Krakow", "Wroclaw", "Gdansk"), "Europe/Warsaw"),
    **dict.fromkeys(("Gothenburg", "Sweden"), "Europe/Stockholm"),
    **dict.fromkeys(("Austria", "Salzburg", "Graz"), "Europe/Vienna"),
    **dict.fromkeys(("Ireland", "Cork"), "Europe/Dublin"),
    "Eastern European": "Europe/Athens",
    "St Petersburg": "Europe/Moscow",
    "Norway": "Europe/Oslo",
    "Denmark": "Europe/Copenhagen",
    "Finland": "Europe/Helsinki",
    "Greece": "Europe/Athens",
    "Ankara": "Europe/Istanbul",
    **dict.fromkeys(
        ("Mumbai", "Delhi", "New Delhi", "Bangalore", "Bengaluru", "Chennai", "Hyderabad", "Pune", "India", "Indian"),
        "Asia/Kolkata",
    ),
    **dict.fromkeys(("Beijing", "Shenzhen", "Guangzhou", "China", "Chinese"), "Asia/Shanghai"),
    **dict.fromkeys(("Osaka", "Kyoto", "Japanese"), "Asia/Tokyo"),
    **dict.fromkeys(("Abu Dhabi", "UAE"), "Asia/Dubai"),
    **dict.fromkeys(("Busan", "Korea", "Korean"), "Asia/Seoul"),
    "Hanoi": "Asia/Ho_Chi_Minh",
    "Islamabad": "Asia/Karachi",
    "Jeddah": "Asia/Riyadh",
    "Cape Town": "Africa/Johannesburg",
    "Abuja": "Africa/Lagos",
    "Rio de Janeiro": "America/Sao_Paulo",
    "Rio": "America/Sao_Paulo",
    "Brasilia": "America/Sao_Paulo",
    "Calgary": "America/Edmonton",
    "Quebec": "America/Toronto",
    "Guadalajara": "America/Mexico_City",
    "Medellin": "America/Bogota",
    "Wellington": "Pacific/Auckland",
    "Hawaii": "Pacific/Honolulu",
}

AMBIGUOUS = {
    "ist": "India, Ireland or Israel",
    "ast": "Atlantic Canada or Arabia",
    "cambridge": "England or Massachusetts",
    "cordoba": "Argentina or Spain",
    "la paz": "Bolivia or Mexico",
    "merida": "Mexico or Spain",
    "norfolk": "the island or Virginia",
    "petersburg": "Russia or the United States",
    "portland": "Oregon or Maine",
    "san jose": "California or Costa Rica",
    "san juan": "Argentina or Puerto Rico",
    "santa isabel": "Mexico or elsewhere",
    "valencia": "Spain or Venezuela",
    "victoria": "Australia, Canada or the Seychelles",
    "america": "one of many zones",
    "australia": "one of several zones",
    "brazil": "one of several zones",
    "canada": "one of several zones",
    "us": "one of many zones",
    "birmingham": "England or Alabama",
}

NOT_PLACES = frozenset(
    [
        "act",
        "beulah",
        "casey",
        "center",
        "chatham",
        "christmas",
        "creston",
        "currie",
        "davis",
        "dawson",
        "easter",
        "factory",
        "general",
        "jersey",
        "knox",
        "lhi",
        "localtime",
        "mahe",
        "midway",
        "monticello",
        "nome",
        "nsw",
        "oral",
        "palmer",
        "resolute",
        "reunion",
        "stanley",
        "south",
        "troll",
        "truk",
        "vincennes",
        "virgin",
        "vostok",
        "wake",
        "west",
        "north",
        "east",
        "yap",
        "zulu",
        "universal",
        "navajo",
        "gb",
        "nz",
        "eire",
        "et",
        "ct",
        "mt",
        "pt",
        "new_salem",
        "tell_city",
    ]
)
"""Last parts of IANA names that are ordinary words, or too small a place to be what is meant."""


def plain(text: str) -> str:
    """The same words without accents and typographic marks: “São Paulo”, “9 o’clock” -> “Sao Paulo”, “9 o'clock”."""
    apart = unicodedata.normalize("NFKD", text.translate({0x2019: "'", 0x2018: "'", 0x2013: "-", 0x2014: " "}))
    return "".join(mark for mark in apart if not unicodedata.combining(mark))


@cache
def names() -> dict[str, str]:
    """Every name a zone goes by, in lower case with spaces, and the IANA name it means."""
    known: dict[str, str] = {}
    for name in sorted(available_timezones()):
        region, _, last = name.rpartition("/")
        if last.lower() not in NOT_PLACES and region.partition("/")[0] in ("", *REGIONS):
            known[last.replace("_", " ").lower()] = name
    known.update({name.lower(): where for name, where in ELSEWHERE.items()})
    for unsure in AMBIGUOUS:
        known.pop(unsure, None)
    return known


@cache
def pattern() -> re.Pattern[str]:
    """Matches a place or an abbreviation, the longest name first."""
    every = sorted({*names(), *map(str.lower, ABBREVIATIONS), *AMBIGUOUS}, key=len, reverse=True)
    words = "|".join(re.escape(name).replace(r"\ ", r"[\s_]+") for name in every)
    return re.compile(rf"(?:{words})(?![\w/]|\s?[+-]\d)", re.IGNORECASE)


@cache
def canonical() -> dict[str, str]:
    """IANA names by their lower-case spelling."""
    return {name.lower(): name for name in available_timezones()}


@cache
def seasons(zone_name: str, year: int) -> frozenset[str]:
    """What a zone's clock is called in January and in July of a year: `{"EST", "EDT"}`."""
    days = (datetime(year, month, 1, tzinfo=UTC).astimezone(ZoneInfo(zone_name)) for month in (1, 7))
    return frozenset(day.tzname() or "" for day in days)


def abbreviated(said: str, speaker: str, year: int) -> str:
    """The zone an abbreviation means to somebody in `speaker`'s zone: their own where it goes by it, else the usual one."""
    usual = ABBREVIATIONS[said]
    if usual == "UTC":
        return usual
    theirs = seasons(speaker, year)
    return speaker if said in theirs or theirs == seasons(usual, year) else usual
