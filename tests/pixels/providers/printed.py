"""The samples that the providers' documents print."""

from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parent / "samples"


def printed(name: str) -> bytes:
    return (SAMPLES / f"{name}.json").read_bytes()


EASYFLOW_PIXEL: dict[str, Any] = {
    "events": ["purchase-completed", "pix-copied"],
    "id": "px_1",
    "createdAt": "2026-01-01T00:00:00.000Z",
    "updatedAt": "2026-01-01T00:00:00.000Z",
    "ownerId": "2",
    "externalReferenceId": "ph-1",
    "platform": "google",
    "status": "active",
    "code": "AW-123",
    "name": "Shoes purchase",
    "description": "Shop",
    "metadata": {"conversion-label": "AbC-D_efG"},
}
