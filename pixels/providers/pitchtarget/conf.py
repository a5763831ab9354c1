"""PitchTarget's environment variables."""

from pixelhub.variables import Variable

VARIABLES = (
    Variable("PITCHTARGET_URL", str, "", "another base address of PitchTarget's API, https", "the provider's own"),
    # Its documents of April 2014 say /offsitepixels, those of May 2014 /offsite_pixels.
    Variable(
        "PITCHTARGET_PATH", str, "/offsitepixels", "the path of its pixels; its later documents say /offsite_pixels"
    ),
)
