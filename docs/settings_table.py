"""Writes what is generated from `app/settings.py`: `.venv/bin/python -m docs.settings_table`, from the project's folder."""

from pathlib import Path

from app.settings import example, table

ROOT = Path(__file__).parent.parent
BEGIN = "<!-- settings: written by docs/settings_table.py -->"
END = "<!-- end of settings -->"


def with_table(readme: str) -> str:
    """The README with the table of today between its two marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> None:
    """Write the README's table and `.env.example`."""
    readme = ROOT / "README.md"
    readme.write_text(with_table(readme.read_text()))
    (ROOT / ".env.example").write_text(example())


if __name__ == "__main__":
    main()
