"""Lines that differ with any colour vision, and in grey."""

__all__ = ['COLOURS', 'MARKERS', 'line_styles']

# M. Okabe, K. Ito, "Color Universal Design". The markers differ in grey, too.
COLOURS = (
    '#0072B2',
    '#D55E00',
    '#009E73',
    '#CC79A7',
    '#56B4E9',
    '#E69F00',
    '#000000',
)
MARKERS = ('o', 's', '^', 'D', 'v', 'P', 'X')
# Thin marks are drawn larger.
_SIZES = {'P': 7.0, 'X': 7.0}
_DASHES = ('-', (0, (4, 1.5)), (0, (1.2, 1.2)))


def line_styles(number: int) -> list[dict]:
    """Arguments of matplotlib's ``plot`` for some lines.

    The first seven differ in colour and marker. The next seven are dashed,
    with other pairs of colour and marker; the next are dotted; then the
    styles repeat.

    Args:
        number (int): How many lines.

    Returns:
        list[dict]: Colour, dashes, marker and widths of each line.
    """
    count = len(COLOURS)
    return [
        dict(
            color=COLOURS[i % count],
            marker=marker,
            linestyle=_DASHES[i // count % len(_DASHES)],
            linewidth=1.8,
            markersize=_SIZES.get(marker, 5.5),
            markeredgecolor='white',
            markeredgewidth=0.7,
        )
        for i in range(number)
        for marker in [MARKERS[(i + i // count) % count]]
    ]
