"""What an error says to people, and columns of a row that says something."""

from __future__ import annotations

from typing import Any

from pixels.messages import advice, sentence
from pixels.messages.table import LITERAL
from pixels.providers.errors import ProviderError
from pixels.providers.values import Remark


def said(error: ProviderError | Remark) -> str:
    return sentence(error.message, error.params)


def advised(error: ProviderError) -> str:
    return advice(error.message, error.params, error.code)


def literal(text: str, advice: str = "") -> dict[str, Any]:
    """The columns of a row with an error that says this, as an earlier version has stored it."""
    return {"error_message": LITERAL, "error_params": {"text": text, "advice": advice}}
