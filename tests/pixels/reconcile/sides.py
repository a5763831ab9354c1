"""The three sides of a field of a pixel."""


def sides(pixel, field):
    """Its base, local and remote value."""
    local = pixel.local_values[field]
    return pixel.base_values.get(field, local), local, (pixel.remote_values or {}).get(field)
