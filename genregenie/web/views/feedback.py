"""The question whether a verdict was right, as HTML."""

from markupsafe import Markup

from genregenie.common.genres import display_name
from genregenie.inference.headline import Headline
from genregenie.inference.prediction import Prediction
from genregenie.web.views.fragments import render


def question(prediction: Prediction, key: str, said: str | None = None) -> Markup:
    """Buttons for what the verdict named, and a list for all other genres.

    Parameters
    ----------
    prediction : Prediction
    key : str
        Of the clip, which comes back with the answer.
    said : str, optional
        The genre that was answered before.
    """
    named = Headline.of(prediction).genres
    labels = [display_name(genre) for genre in named]
    title, rather = "Which is it?", "It is rather"
    if not named:
        title, rather = "Is it music after all?", "It is"
    elif len(named) == 1:
        title, labels = "Was it right?", [f"Yes, {labels[0].lower()}"]
    return render(
        "feedback",
        "question",
        title=title,
        rather=rather,
        key=key,
        named=list(zip(named, labels, strict=True)),
        others=sorted((g for g in prediction.confidences if g not in named), key=display_name),
        said=said,
    )
