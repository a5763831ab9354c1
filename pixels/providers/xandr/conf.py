"""Xandr's environment variables."""

from pixelhub.variables import Variable

VARIABLES = (
    Variable("XANDR_URL", str, "", "another base address of Xandr's API, https", "the provider's own"),
    # Its documents show ib.adnxs.com, older exports secure.adnxs.com.
    Variable("XANDR_TAG_HOST", str, "ib.adnxs.com", "the host inside Xandr's tags"),
    # Limits of ours: since April 2024 Xandr publishes no numbers, only that it refuses what is too much.
    Variable(
        "XANDR_READS",
        int,
        100,
        "calls that read, of one user of Xandr in a window; a number of ours, as Xandr publishes none; "
        "0: no limit of ours",
    ),
    Variable("XANDR_WRITES", int, 60, "the same for creates, changes and deletes"),
    Variable("XANDR_WINDOW", float, 60.0, "seconds of that window"),
)
