"""Easyflow's environment variables."""

from pixelhub.variables import Variable

VARIABLES = (
    Variable("EASYFLOW_URL", str, "", "another base address of Easyflow's API, https", "the provider's own"),
    # No document describes the answer of GET /pixels/list, so it is off until somebody has seen one.
    Variable(
        "EASYFLOW_LIST",
        bool,
        False,
        "1: read pixels back through `GET /pixels/list`, whose answer Easyflow does not document",
    ),
)
