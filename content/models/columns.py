"""The column types that many tables share."""

from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import Enum, ForeignKey, String, Text
from sqlalchemy.orm import mapped_column

Key = Annotated[str, mapped_column(String(40), primary_key=True)]
Name = Annotated[str, mapped_column(String(200))]
Words = Annotated[str, mapped_column(Text, default="")]


def states(kind: type[StrEnum]) -> Enum:
    """A column of one of these words, readable in the table."""
    return Enum(
        kind, native_enum=False, length=20, values_callable=lambda members: [member.value for member in members]
    )


def ref(table: str, **options: Any) -> Any:
    """A reference to a row of another table, gone with it."""
    return mapped_column(ForeignKey(f"{table}.id", ondelete="CASCADE"), index=True, **options)
