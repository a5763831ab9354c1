from dataclasses import dataclass


@dataclass(frozen=True)
class Badge:
    """A status chip: tint, icon and label; `word` is the provider's own status, shown beside ours."""

    tone: str  # live | waiting | needs | failed | unknown | sandbox
    icon: str
    label: str
    word: str = ""
