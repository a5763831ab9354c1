"""Fourth's environment variables."""

from pixelhub.variables import Variable

VARIABLES = (Variable("FOURTH_URL", str, "", "another base address of Fourth's API, https", "the provider's own"),)
