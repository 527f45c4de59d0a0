"""Words to an instant: one table row per phrase, said on Monday 23 November 2026 at 15:00 in Berlin."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.errors import Invalid
from content.times import said
from content.when import Moment, understand

BERLIN = "Europe/Berlin"
NEW_YORK = "America/New_York"
MONDAY = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)

READ = [
    # words, local date and time, a piece of the note ("" means no note at all)
    # a day and a time
    ("tomorrow 9", "2026-11-24 09:00", ""),  # the shortest there is
    ("Tomorrow at 9am", "2026-11-24 09:00", ""),  # with am
    ("tomorrow, 9 p.m.", "2026-11-24 21:00", ""),  # with stops
    ("tomorrow 21:00 pm", "2026-11-24 21:00", ""),  # pm adds nothing to a 24-hour time
    ("today 17:30", "2026-11-23 17:30", ""),  # later today
    ("tmrw 9", "2026-11-24 09:00", ""),  # as people type
    ("the day after tomorrow at 9", "2026-11-25 09:00", ""),  # not tomorrow
    ("schedule it for tomorrow at 9", "2026-11-24 09:00", ""),  # inside a sentence
    ("please post it around 9 tomorrow, thanks", "2026-11-24 09:00", ""),  # polite
    ("good morning, publish it tomorrow at 15:00", "2026-11-24 15:00", ""),  # a greeting is no part of the day
    ("tomorrow", "2026-11-24 09:00", "no time was given"),  # a day alone
    ("tomorrow at 0:30", "2026-11-24 00:30", ""),  # only one clock has a 0
    ("quarter to one tomorrow", "2026-11-24 00:45", "say 12:45pm for the afternoon"),  # after midnight, or after noon
    ("tomorrow 12am", "2026-11-24 00:00", ""),  # 12 am is the first hour
    ("tomorrow 12pm", "2026-11-24 12:00", ""),  # 12 pm is noon
    # hours written otherwise
    ("tomorrow at 6", "2026-11-24 06:00", "I read 6 as 06:00; say 6pm for the evening"),  # a bare early hour
    ("tomorrow at 2:30", "2026-11-24 02:30", "say 2:30pm for the afternoon"),  # and with minutes
    ("tomorrow 06:00", "2026-11-24 06:00", ""),  # the zero says which clock
    ("tomorrow at one", "2026-11-24 01:00", "I read one as 01:00"),  # in letters
    ("tomorrow nine thirty", "2026-11-24 09:30", ""),  # all in letters
    ("tomorrow nine twenty-five pm", "2026-11-24 21:25", ""),  # with pm
    ("tomorrow nine", "2026-11-24 09:00", ""),  # after the day
    ("9 o’clock tomorrow", "2026-11-24 09:00", ""),  # typographic apostrophe
    ("half past nine tomorrow", "2026-11-24 09:30", ""),  # half past
    ("quarter to 6 pm", "2026-11-23 17:45", ""),  # before the hour
    ("twenty to nine tomorrow", "2026-11-24 08:40", ""),  # minutes in letters
    ("20 minutes past 9 tomorrow", "2026-11-24 09:20", ""),  # minutes in digits
    ("tomorrow 9h30", "2026-11-24 09:30", ""),  # French
    ("tomorrow 14h", "2026-11-24 14:00", ""),  # a length elsewhere, an hour here
    ("tomorrow at 14 h", "2026-11-24 14:00", ""),  # with a space
    ("tomorrow 9 Uhr", "2026-11-24 09:00", ""),  # German
    ("tomorrow 9.30 Uhr", "2026-11-24 09:30", ""),  # with a stop
    ("publish tomorrow at 9.30.", "2026-11-24 09:30", ""),  # the last stop ends the sentence
    ("tomorrow 9.30", "2026-11-24 09:30", ""),  # there is no month 30
    ("tomorrow at 1430", "2026-11-24 14:30", ""),  # military
    ("tomorrow 0930 hours", "2026-11-24 09:30", ""),  # spelled out
    ("tomorrow at 9ish", "2026-11-24 09:00", ""),  # roughly
    ("Tuesday 12", "2026-11-24 12:00", ""),  # twelve is noon on the 24-hour clock
    # parts of the day
    ("tonight", "2026-11-23 20:00", "I read “tonight” as 20:00"),  # has an hour of its own
    ("tonight at 9", "2026-11-23 21:00", ""),  # nine in the evening
    ("tonight at 21:30", "2026-11-23 21:30", ""),  # fits
    ("this evening", "2026-11-23 19:00", "“this evening” as 19:00"),  # today's
    ("evening", "2026-11-23 19:00", "“evening” as 19:00"),  # all that was said
    ("tomorrow morning", "2026-11-24 09:00", "“morning” as 09:00"),  # after the day
    ("tomorrow early morning", "2026-11-24 09:00", "“early morning” as 09:00"),  # said so, as it may be too late
    ("tomorrow afternoon", "2026-11-24 15:00", "“afternoon” as 15:00"),  # later
    ("tomorrow evening", "2026-11-24 19:00", "“evening” as 19:00"),  # still later
    ("tomorrow evening at 8", "2026-11-24 20:00", ""),  # the part says which eight
    ("tomorrow at 3 in the afternoon", "2026-11-24 15:00", ""),  # behind the hour
    ("tomorrow at 6 in the morning", "2026-11-24 06:00", ""),  # so that nothing is assumed
    ("a morning post tomorrow at 16:00", "2026-11-24 16:00", ""),  # a kind of post, not a part of the day
    ("first thing tomorrow", "2026-11-24 09:00", "“first thing” as 09:00"),  # the day's beginning
    ("end of day", "2026-11-23 17:00", "“end of day” as 17:00"),  # and its end
    ("lunchtime tomorrow", "2026-11-24 12:00", "“lunchtime” as 12:00"),  # noon
    ("noon", "2026-11-24 12:00", "12:00 has passed today, so I used tomorrow"),  # the next one
    ("tomorrow noon", "2026-11-24 12:00", ""),  # of a day
    ("midnight", "2026-11-24 00:00", "end of today"),  # the next one
    ("midnight tonight", "2026-11-24 00:00", "end of today"),  # the same
    # a time alone is the next one
    ("9", "2026-11-24 09:00", "09:00 has passed today"),  # over for today
    ("move it to 16:00", "2026-11-23 16:00", ""),  # still to come
    ("15:00", "2026-11-23 15:00", ""),  # this very minute
    # weekdays
    ("Tuesday 9", "2026-11-24 09:00", ""),  # the coming one
    ("Monday 9", "2026-11-30 09:00", "09:00 has passed today, so I used next week"),  # today, too late
    ("Monday 16:00", "2026-11-23 16:00", "I read “Monday” as today"),  # today, in time
    ("this Friday 10", "2026-11-27 10:00", ""),  # the coming one
    ("next Friday", "2026-12-04 09:00", "I mean 4 December, not 27 November"),  # of the next calendar week
    ("next Monday 9", "2026-11-30 09:00", "I mean 30 November"),  # only one can be meant, and yet it is said
    ("Friday next week 9", "2026-12-04 09:00", "not 27 November"),  # the same, said otherwise
    ("next week on Friday 9", "2026-12-04 09:00", "not 27 November"),  # and again
    ("sun 10", "2026-11-29 10:00", ""),  # short
    ("publish the sun picture tomorrow at 9", "2026-11-24 09:00", ""),  # not a Sunday
    ("move Friday's post to Thursday 10", "2026-11-26 10:00", ""),  # the post of a day is no day
    # distances
    ("in 2 hours", "2026-11-23 17:00", ""),  # by the clock
    ("in 45 minutes", "2026-11-23 15:45", ""),  # shorter
    ("in an hour", "2026-11-23 16:00", ""),  # one
    ("in an hour and a half", "2026-11-23 16:30", ""),  # and a half
    ("in 1.5 hours", "2026-11-23 16:30", ""),  # the same
    ("in 1h30", "2026-11-23 16:30", ""),  # the same
    ("in a couple of hours", "2026-11-23 17:00", ""),  # two
    ("in about an hour", "2026-11-23 16:00", ""),  # near enough
    ("in half an hour", "2026-11-23 15:30", ""),  # a half alone
    ("2 hours and 15 min from now", "2026-11-23 17:15", ""),  # two units
    ("in 3 days", "2026-11-26 15:00", ""),  # the same local time
    ("in 3 days at 9", "2026-11-26 09:00", ""),  # or another
    ("in 3 days in the evening", "2026-11-26 19:00", "“in the evening” as 19:00"),  # or a part of the day
    ("in a week", "2026-11-30 15:00", ""),  # seven days
    ("in two weeks' time", "2026-12-07 15:00", ""),  # in letters
    ("in a month", "2026-12-23 15:00", ""),  # by the calendar
    ("in a year", "2027-11-23 15:00", ""),  # too
    ("in 2 days and 3 hours", "2026-11-25 18:00", ""),  # calendar first, then the clock
    ("now", "2026-11-23 15:00", ""),  # no distance
    ("post it right away", "2026-11-23 15:00", ""),  # either
    # dates
    ("on 24 Nov 9:00", "2026-11-24 09:00", ""),  # day first
    ("24 November 2026 at 9", "2026-11-24 09:00", ""),  # with the year
    ("the 24th of November, 9", "2026-11-24 09:00", ""),  # spoken
    ("Nov 24th, 9 pm", "2026-11-24 21:00", ""),  # month first
    ("November 24, 2026 9:00", "2026-11-24 09:00", ""),  # with the year
    ("Tuesday 24 November 9:00", "2026-11-24 09:00", ""),  # with its weekday
    ("next Friday, 4 December at 9", "2026-12-04 09:00", ""),  # the date decides
    ("Friday the 27th at 9", "2026-11-27 09:00", ""),  # no month
    ("on the 27th at 9", "2026-11-27 09:00", ""),  # no weekday
    ("on the 5th at 9", "2026-12-05 09:00", ""),  # over this month
    ("2026-11-24 09:00", "2026-11-24 09:00", ""),  # ISO 8601
    ("2026-11-24T09:00+01:00", "2026-11-24 09:00", ""),  # with an offset
    ("2026-11-24T09:00:00-05:00", "2026-11-24 15:00", "09:00 there is 15:00 in Europe/Berlin"),  # of another place
    ("24.11. 9:00", "2026-11-24 09:00", ""),  # with stops
    ("24.11. 10", "2026-11-24 10:00", ""),  # 10 is no year
    ("24.11 9:00", "2026-11-24 09:00", ""),  # no month has 24, no hour either
    ("1.12 10:00", "2026-12-01 10:00", ""),  # a date, as the time stands beside it
    ("publish on 1.12 at 10", "2026-12-01 10:00", ""),  # “on” is said of dates
    ("move it to 27.11", "2026-11-27 09:00", "no time was given"),  # there is no hour 27
    ("24nov2026 9:00", "2026-11-24 09:00", ""),  # without spaces
    ("24.11.2026 09:00", "2026-11-24 09:00", ""),  # with the year
    ("24.11.26 09:00", "2026-11-24 09:00", ""),  # shortened
    ("11/24 9am", "2026-11-24 09:00", ""),  # there is no month 24
    ("24/11/2026 9am", "2026-11-24 09:00", ""),  # nor here
    ("12/12 9am", "2026-12-12 09:00", ""),  # both readings agree
    ("2 Jan 9:00", "2027-01-02 09:00", "2 January is past, so I used next year's"),  # long past
    # numbers of other things
    ("move post 3 to Friday 14:30", "2026-11-27 14:30", ""),  # its number
    ("move draft 12 to Friday 9", "2026-11-27 09:00", ""),  # its number beside an hour
    ("tomorrow 3 posts", "2026-11-24 09:00", "no time was given"),  # how many
    ("Friday at 9 and 3 more drafts", "2026-11-27 09:00", ""),  # how many, behind an hour
    ("50/50 poll and 20% off for 24/7 tomorrow at 9", "2026-11-24 09:00", ""),  # shares and sayings
    ("post #3, the $5 deal, tomorrow at 9", "2026-11-24 09:00", ""),  # marked numbers
    ("5th anniversary post tomorrow at 9", "2026-11-24 09:00", ""),  # which one
    ("at one point tomorrow", "2026-11-24 09:00", "no time was given"),  # a phrase
    ("tomorrow one more", "2026-11-24 09:00", "no time was given"),  # how many, in letters
    ("tomorrow nine lives", "2026-11-24 09:00", "no time was given"),  # a plural says so
    ("tomorrow at 9:00 one post", "2026-11-24 09:00", ""),  # behind a full time
    ("tomorrow two brave friends", "2026-11-24 09:00", "no time was given"),  # letters are not refused as digits are
    ("a 2 day sale, tomorrow at 9", "2026-11-24 09:00", ""),  # a length
    ("the weekly report tomorrow at 9", "2026-11-24 09:00", ""),  # not every week
    ("offer -10 or +0200 or z, tomorrow at 9", "2026-11-24 09:00", ""),  # no distance from UTC
    ("Black Friday post tomorrow at 9", "2026-11-24 09:00", ""),  # a topic, as a day is named
    ("and/or tomorrow 9", "2026-11-24 09:00", ""),  # a slash makes no zone
    ("tell us tomorrow at 9", "2026-11-24 09:00", ""),  # not the US
    ("Berlin Berlin tomorrow 9", "2026-11-24 09:00", ""),  # a topic
    ("9:00 tomorrow next time", "2026-11-24 09:00", ""),  # names no zone
    ("TOMORROW 9:00 IT MUST START", "2026-11-24 09:00", ""),  # START is no zone, in a shout
]


@pytest.mark.parametrize(("words", "local", "note"), READ, ids=[row[0] for row in READ])
def test_words_mean_one_local_time_and_say_what_was_assumed(words: str, local: str, note: str) -> None:
    moment = understand(words, MONDAY, BERLIN)
    assert isinstance(moment, Moment)
    assert f"{moment.at.astimezone(ZoneInfo(BERLIN)):%Y-%m-%d %H:%M}" == local
    assert moment.zone == BERLIN
    assert note in moment.note
    assert bool(note) == bool(moment.note)


ELSEWHERE = [
    # words, speaker's zone, the zone said, local date and time there, a piece of the note
    ("next Tuesday at noon Lisbon time", BERLIN, "Europe/Lisbon", "2026-12-01 12:00", "not 24 November"),  # a city
    ("9 New York time", BERLIN, NEW_YORK, "2026-11-23 09:00", ""),  # two words
    ("tomorrow 9 in São Paulo", BERLIN, "America/Sao_Paulo", "2026-11-24 09:00", ""),  # accents
    ("sao paulo time 9:00", BERLIN, "America/Sao_Paulo", "2026-11-24 09:00", "has passed"),  # none, and in front
    ("noon in Tokyo", BERLIN, "Asia/Tokyo", "2026-11-24 12:00", "has passed"),  # its noon
    ("9 in san francisco", BERLIN, "America/Los_Angeles", "2026-11-23 09:00", ""),  # no zone's own name
    ("tomorrow 9 Washington", BERLIN, NEW_YORK, "2026-11-24 09:00", ""),  # the city
    ("9:00 Europe/Lisbon", BERLIN, "Europe/Lisbon", "2026-11-24 09:00", "has passed"),  # IANA
    ("9 america/new_york", BERLIN, NEW_YORK, "2026-11-23 09:00", ""),  # as typed on a phone
    ("5pm tomorrow PST", BERLIN, "America/Los_Angeles", "2026-11-24 17:00", ""),  # behind the day
    ("EST 9:00", BERLIN, NEW_YORK, "2026-11-23 09:00", ""),  # in front of the time
    ("9:00 CET", BERLIN, BERLIN, "2026-11-24 09:00", "has passed"),  # their own zone goes by it
    ("9:00 CET", "Europe/Lisbon", "Europe/Brussels", "2026-11-24 09:00", "has passed"),  # the usual one
    ("tomorrow 9 ET", "America/Toronto", "America/Toronto", "2026-11-24 09:00", ""),  # the same clock as ET
    ("tomorrow 9 ET", BERLIN, NEW_YORK, "2026-11-24 09:00", ""),  # summer and winter
    ("1 June 2027 9:00 EST", BERLIN, NEW_YORK, "2027-06-01 09:00", "is on EDT then, not EST; I used its wall"),  # fixed
    ("1 July 2027 09:00 GMT", "Europe/London", "UTC", "2027-07-01 09:00", "Europe/London is on BST then"),  # not London
    ("1 July 2027 09:00 GMT", BERLIN, "UTC", "2027-07-01 09:00", ""),  # means nothing else in Berlin
    ("2026-11-24T09:00Z", BERLIN, "UTC", "2026-11-24 09:00", ""),  # ISO 8601
    ("24 Nov 9:00Z", BERLIN, "UTC", "2026-11-24 09:00", ""),  # Z behind a time
    ("tomorrow 14:00 UTC+2", BERLIN, BERLIN, "2026-11-24 13:00", "14:00 there is 13:00 in Europe/Berlin"),  # offset
    ("tomorrow 14:00 +02:00", BERLIN, BERLIN, "2026-11-24 13:00", "14:00 there is"),  # bare
    ("tomorrow 9 GMT+1", BERLIN, BERLIN, "2026-11-24 09:00", ""),  # the same as here
    ("our party in Lisbon: tomorrow at 9", BERLIN, BERLIN, "2026-11-24 09:00", "not the time in Lisbon"),  # a topic?
    ("our party in Paris: tomorrow at 9", BERLIN, BERLIN, "2026-11-24 09:00", ""),  # it makes no difference
    ("the UTC bug, tomorrow at 9", BERLIN, BERLIN, "2026-11-24 09:00", "not the time in UTC"),  # a topic?
    ("tomorrow 9 in Narnia", BERLIN, BERLIN, "2026-11-24 09:00", "“Narnia” is no place whose time I know"),  # said so
    ("our Portland shop in Portland now", BERLIN, BERLIN, "2026-11-23 15:00", "“Portland” is no place"),  # not asked
    ("tomorrow 9 Tokyo photos", BERLIN, BERLIN, "2026-11-24 09:00", ""),  # what the photos show
    ("now in Tokyo", BERLIN, BERLIN, "2026-11-23 15:00", "not the time in Tokyo"),  # now is now everywhere
    ("in 2 hours Lisbon time", BERLIN, "Europe/Lisbon", "2026-11-23 16:00", ""),  # shown there
    ("8:00 my time tomorrow", BERLIN, BERLIN, "2026-11-24 08:00", ""),  # their own
]


@pytest.mark.parametrize(("words", "speaker", "zone", "local", "note"), ELSEWHERE, ids=[row[0] for row in ELSEWHERE])
def test_a_zone_that_is_named_is_the_zone_that_counts(
    words: str, speaker: str, zone: str, local: str, note: str
) -> None:
    moment = understand(words, MONDAY, speaker)
    assert isinstance(moment, Moment)
    assert moment.zone == zone
    assert f"{moment.at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" == local
    assert note in moment.note
    assert bool(note) == bool(moment.note)


REFUSED = [
    # words, a piece of the answer
    ("hello there", "names no day and no time"),  # nothing in it
    ("", "names no day and no time"),  # nothing at all
    ("9 lives", "names no day"),  # a count alone
    ("x" * 1001, "longer than the 1000 characters"),  # not a sentence
    ("tomorow at 9", "close to “tomorrow”"),  # misspelt, and not to become today
    ("25:00", "no time of day"),  # no hour
    ("tomorrow 25", "no time of day"),  # nor bare
    ("9:75", "no time of day"),  # no minute
    ("tomorrow 13am", "hours run from 1 to 12"),  # no am hour
    ("31 November 9:00", "no date that exists"),  # November has 30
    ("on the 31st at 9", "no date that exists"),  # too
    ("29 Feb 9:00", "no date that exists"),  # 2026 has none
    ("32.11.2026 9:00", "no date that exists"),  # no day
    ("2026-13-24 9:00", "no date that exists"),  # no month
    ("13/13 9am", "may be something else"),  # no date either way
    ("11/12 9am", "can be 11 Dec or 12 Nov: which one? Write “11 Dec 9:00” or “12 Nov 9:00”."),  # asked, not guessed
    ("tomorrow 9.10", "can be a time or a date: which one?"),  # asked too
    ("today 9:00", "was 6 h ago, at Mon 23 Nov 09:00 Europe/Berlin"),  # over
    ("this Monday 9", "was 6 h ago"),  # over: “this” is not next week's
    ("yesterday 9", "was 30 h ago"),  # of course
    ("last Friday 9", "was 3 days ago"),  # of course
    ("Friday last week 9", "was 3 days ago"),  # said otherwise
    ("last night", "was 19 h ago"),  # of course
    ("2 hours ago", "was 2 h ago"),  # of course
    ("1 Nov 9:00", "was 22 days ago"),  # too near to be next year's
    ("24 Nov 2025 9:00", "days ago"),  # with its year
    ("tomorrow 9 or 10", "may be an hour"),  # two times
    ("tomorrow 9, 10", "may be an hour"),  # two times
    ("tomorrow 9:00 and 10:00", "are two different times"),  # two times
    ("9:00 midnight", "are two different times"),  # two times
    ("tomorrow 9-11", "no time or date that I can read"),  # a span
    ("tomorrow 9:00-10:00", "a span of time"),  # a span
    ("between 9 and 11 tomorrow", "a span of time"),  # a span
    ("from 9 to 11 tomorrow", "“from 9”: it bounds a time"),  # a span
    ("by Friday 10", "“by Friday”: it bounds a time"),  # a limit
    ("2 weeks from Tuesday 9", "bounds a time"),  # not that Tuesday
    ("tomorrow after lunch", "no certain time"),  # when is that
    ("tomorrow or Friday", "24 November 2026 is a Tuesday"),  # two days
    ("Monday or Friday at 9", "are two different days"),  # two days
    ("24 Nov or 25 Nov at 9", "are two different days"),  # two days
    ("Monday 24 November 9:00", "24 November 2026 is a Tuesday"),  # one of them is wrong
    ("Saturday the 27th at 9", "27 November 2026 is a Friday"),  # one of them is wrong
    ("Mon-Fri at 9", "several days"),  # every week?
    ("Friday 24 9:00", "may be an hour"),  # hour or date
    ("tomorrow 9 publish", "may be an hour"),  # hour or count
    ("tomorrow 1430", "no time or date"),  # year, hour or count
    ("tomorrow at 9x", "no time or date"),  # no hour
    ("half nine", "30 minutes past to some"),  # 8:30 in German, 9:30 in British English
    ("tonight at 1", "do not go together"),  # tonight or tomorrow
    ("tomorrow morning at 15:00", "do not go together"),  # one of them is wrong
    ("tomorrow morning, tomorrow night", "two different parts"),  # two times
    ("tomorrow at midnight", "the start or the end"),  # a day apart
    ("Monday midnight", "the start or the end"),  # even if it is today
    ("in 3 days at midnight", "the start or the end"),  # a day apart
    ("next week", "more than one day"),  # which one
    ("this weekend at 10", "more than one day"),  # which one
    ("in May at 9", "more than one day"),  # which one
    ("Christmas at 9", "a day I don't look up"),  # differs by place
    ("5th anniversary post at 9", "may be a date or not"),  # or today
    ("Friday week", "counted in two ways"),  # a week apart
    ("Friday after next at 9", "counted in two ways"),  # a week apart
    ("week 48 Tuesday 9", "counted in two ways"),  # weeks are numbered in two ways
    ("an hour earlier, Friday 9", "counts from a time"),  # 8:00 or 9:00
    ("same time tomorrow", "counts from a time"),  # the time of what
    ("tomorrow at the same time", "counts from a time"),  # the time of what
    ("in half a month", "no certain length"),  # 14, 15 or 15.5 days
    ("in 9999 months", "further ahead"),  # a slip
    ("now tomorrow", "are two different times"),  # two times
    ("in 2 hours at 9", "are two different times"),  # two times
    ("in 2 hours, in 3 hours", "are two different times"),  # two times
    ("in two weeks on Tuesday", "are two different times"),  # 14 days on is a Monday
    ("9:00 IST", "India, Ireland or Israel"),  # asked
    ("9:00 in Portland", "Oregon or Maine"),  # asked
    ("tomorrow 9 US time", "one of many zones"),  # asked
    ("9:00 Narnia time", "“Narnia”: it is no time zone"),  # not taken for their own
    ("9:00 XYT", "“XYT”: it is no time zone"),  # not taken for their own
    ("9 Europe/Atlantis", "I don't know the time zone “Europe/Atlantis”"),  # IANA has none
    ("9:00 CET and 10:00 PST", "are two different time zones"),  # two zones
    ("9:00 UTC+15", "go to 14 hours"),  # no such offset
]


@pytest.mark.parametrize(("words", "answer"), REFUSED, ids=[row[0][:40] for row in REFUSED])
def test_what_is_not_certain_is_refused_with_a_way_on(words: str, answer: str) -> None:
    with pytest.raises(Invalid) as refused:
        understand(words, MONDAY, BERLIN)
    assert answer in refused.value.message
    assert "rite " in refused.value.message or "ame " in refused.value.message or "Use " in refused.value.message


def test_tomorrow_is_refused_while_two_zones_are_on_different_dates() -> None:
    late = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
    with pytest.raises(Invalid, match="whose today it is: 23 November for you, 24 November there"):
        understand("tomorrow 9 Tokyo time", late, BERLIN)
    with pytest.raises(Invalid, match="whose today"):
        understand("in 3 days at 9 Tokyo time", late, BERLIN)


DST = [
    # words, now, UTC instant, note
    ("28 March 2027 02:30", "2027-03-01T12:00", "2027-03-28T01:30", "so I used 03:30"),  # the gap
    ("31 October 2027 02:30", "2027-10-01T12:00", "2027-10-31T00:30", "I mean the first"),  # the fold
    ("tomorrow 9", "2027-03-27T12:00", "2027-03-28T07:00", ""),  # across the change
    ("in 24 hours", "2027-03-27T12:00", "2027-03-28T12:00", ""),  # hours are hours
    ("in 1 day", "2027-03-27T12:00", "2027-03-28T11:00", ""),  # a day keeps the local time
    ("in 2 hours", "2027-10-30T23:30", "2027-10-31T01:30", "I mean the second"),  # into the second 02:30
]


@pytest.mark.parametrize(("words", "now", "at", "note"), DST, ids=[row[0] for row in DST])
def test_a_change_of_the_clocks_is_survived_and_said(words: str, now: str, at: str, note: str) -> None:
    moment = understand(words, datetime.fromisoformat(now).replace(tzinfo=UTC), BERLIN)
    assert isinstance(moment, Moment)
    assert moment.at == datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert note in moment.note


def test_the_echo_is_the_resolved_time_with_its_zone_its_distance_and_the_note() -> None:
    plain = Moment(datetime(2026, 11, 24, 8, tzinfo=UTC), BERLIN)
    assert plain.echo(MONDAY) == "Tue 24 Nov 09:00 Europe/Berlin (in 18 h)"
    tonight = understand("tonight", MONDAY, BERLIN)
    assert isinstance(tonight, Moment)
    assert tonight.echo(MONDAY) == "Mon 23 Nov 20:00 Europe/Berlin (in 5 h): I read “tonight” as 20:00"


FUTURE = st.datetimes(datetime(2026, 11, 24, 0, 1), datetime(2031, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@settings(max_examples=200, deadline=None)
@given(at=FUTURE, zone=st.sampled_from(sorted(available_timezones())), speaker=st.sampled_from([BERLIN, "Asia/Tokyo"]))
def test_an_echoed_time_is_understood_as_the_same_minute(at: datetime, zone: str, speaker: str) -> None:
    minute = at.replace(second=0, microsecond=0)
    if minute.astimezone(ZoneInfo(zone)).fold:
        minute -= timedelta(hours=2)  # the second of two equal local times cannot be written in words
    echoed = said(minute, zone, MONDAY)
    # a zone without a region may be an abbreviation too, such as EST: only those who live in it mean the zone
    for listener in {zone, speaker if "/" in zone else zone}:
        again = understand(echoed, MONDAY, listener)
        assert isinstance(again, Moment)
        assert again.at == minute, echoed


PIECES = [*"0123456789 :./-+,()", " at ", " in ", "tomorrow ", "Fri ", "pm ", "every ", "CET ", "Paris ", "to ", "day "]


@settings(max_examples=200, deadline=None)
@given(words=st.lists(st.sampled_from(PIECES)).map("".join))
def test_no_words_do_more_than_be_understood_or_refused(words: str) -> None:
    try:
        found = understand(words, MONDAY, BERLIN)
    except Invalid:
        return
    assert not isinstance(found, Moment) or found.at >= MONDAY
