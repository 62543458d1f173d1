"""What the numbers mean, and what they do not say."""

from mmpose_ctd.apis.reporting.tables import Table

from .cell import NUM_RESAMPLES
from .parts import Section

__all__ = ['method_section']

#: Below so many subjects percentile intervals are noticeably too narrow.
_FEW = 30


def method_section(baseline: str, threshold: float, subjects: int) -> Section:
    """How to read the tables.

    Args:
        baseline (str): The system that others are compared with.
        threshold (float): tau of AUC and FR.
        subjects (int): The fewest test subjects of any table.
    """
    values = dict(baseline=baseline, tau=f'{threshold:g}', b=NUM_RESAMPLES)
    table = Table('What the columns are', ['', 'meaning'], words=True)
    table.rows = [
        [name.format(**values), ' '.join(text.split()).format(**values)]
        for name, text in _WORDS
    ]
    section = Section('method', 'How to read the tables', [table])
    if subjects < _FEW:
        section.add(
            f'A test set has {subjects} subjects. Of so few, bootstrap '
            'intervals are too narrow.'
        )
    section.add(
        'Errors are against one annotation of each face. How far two people '
        'would differ is not in them; no system can be shown to be better '
        'than that.',
        'A research tool, no medical device.',
    )
    return section


_WORDS = (
    (
        'ME ± SD',
        """Mean over the test images of the mean distance of an image's
        landmarks from their true places, in pixels of the image; ± the
        standard deviation (n - 1) over the seeds. A seed is a training of its
        own, with its own draw of training images.""",
    ),
    (
        '[faces]',
        """95 % percentile bootstrap interval over test subjects ({b}
        resamples); errors are averaged over the seeds first. It is about new
        faces and these very trainings. It knows nothing of other seeds.""",
    ),
    (
        '[faces and seeds]',
        """95 % interval about new faces and new trainings. Bootstrap: subjects
        and, independently, seeds are drawn; with few seeds that differ much
        it is too narrow. t: from the two-way analysis of variance with
        subjects and seeds as random factors, as radiology does with cases
        and readers (Dorfman, Berbaum and Metz, degrees of freedom of Hillis).
        In simulations with three seeds the bootstrap contained the truth in
        79 to 97 % of the cases, t in 92 to 95 %, [faces] in 37 to 93 %: the
        less, the more seeds differ. Neither is
        known for one seed.""",
    ),
    (
        'AUC at {tau}',
        """Area under the cumulative error distribution up to {tau} px,
        exactly mean(max(0, 1 - e / {tau})); 1 is perfect.""",
    ),
    (
        'FR at t',
        """Failure rate: share of the images with an error above t pixels.""",
    ),
    (
        'difference',
        """Difference on the same images with the seeds that both systems have;
        below 0 favours the row's system. In parentheses as a share of the ME
        of {baseline}.""",
    ),
    (
        'p (Holm)',
        """Two-sided permutation test of the subjects' mean differences
        (averaged over the seeds): random settings of their signs, all of them
        where there are few. It tests the mean that the table gives and
        assumes no distribution; the unit is the subject. Corrected by Holm's
        method for all comparisons of the table. Like [faces] it is about
        these very trainings. The paired t-test, Wilcoxon's signed-rank test
        and the t test over faces and seeds are in the folded tables.""",
    ),
    (
        'd_z',
        """Cohen's d_z: mean of the subjects' differences over their standard
        deviation. 0.2 is called small, 0.5 medium, 0.8 large. It is large,
        too, where a tiny difference is very regular: look at the pixels.""",
    ),
    (
        'training (s)',
        """Wall clock of the training, mean ± SD over seeds; of runs that
        shared a machine it is no measure of speed.""",
    ),
)
