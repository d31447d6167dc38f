"""Members of a request that are secret: moved into a `Secret` while the request is validated.

No model holds them as text, shows or repeats them. Who uses the request closes them.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from wizard import engine

_KEYFILE_CHARACTERS = 4 * ((65_536 + 2) // 3)


class SecretText:
    """A text in a request that is moved into a `Secret` at once. The request's user closes it."""

    MOST = 4 * 1024

    def __init__(self, secret: engine.Secret) -> None:
        self.secret = secret

    def __repr__(self) -> str:
        return "<secret>"

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._take)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "format": "password", "minLength": 1, "maxLength": cls.MOST}

    @classmethod
    def _take(cls, value: object) -> SecretText:
        if isinstance(value, cls):
            return value
        if not isinstance(value, str) or not 1 <= len(value) <= cls.MOST:
            raise ValueError(f"is not a text of 1 to {cls.MOST} characters")
        try:
            return cls(engine.Secret.take(bytearray(value, "utf-8")))
        except UnicodeEncodeError:
            pass
        # Out here, so that no exception holds the text as its context.
        raise ValueError("holds half of a character")


class SecretSheet(SecretText):
    """As `SecretText`, for a recovery sheet: its whole text, or the words alone."""

    MOST = 16 * 1024


class SecretBytes(SecretText):
    """As `SecretText`, for bytes in base64."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {
            "type": "string",
            "format": "byte",
            "minLength": 4,
            "maxLength": _KEYFILE_CHARACTERS,
        }

    @classmethod
    def _take(cls, value: object) -> SecretBytes:
        if isinstance(value, cls):
            return value
        if isinstance(value, str) and 1 <= len(value) <= _KEYFILE_CHARACTERS:
            try:
                return cls(engine.Secret.take(bytearray(base64.b64decode(value, validate=True))))
            except (binascii.Error, ValueError):
                pass
        raise ValueError("is not base64 of 1 to 65536 bytes")
