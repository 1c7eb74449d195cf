"""The picture of a run can be read: whole epochs, and a legend that hides no line."""

from matplotlib.figure import Figure

from melonnx.train.fit.curves import draw_curves


def test_epochs_are_whole_and_the_legend_is_beside_the_plots(tmp_path, monkeypatch):
    drawn: list[Figure] = []
    save = Figure.savefig

    def keep(figure, *args, **how):
        drawn.append(figure)
        save(figure, *args, **how)

    monkeypatch.setattr(Figure, "savefig", keep)
    rows = [{"epoch": n, "loss": 1 / n, "accuracy": 1 - 1 / n} for n in (1, 2)]
    draw_curves(rows, 2, tmp_path / "curves.png")
    (figure,) = drawn
    for axes in figure.axes:
        low, high = axes.get_xlim()
        ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
        assert ticks
        assert all(tick == round(tick) for tick in ticks)
        assert axes.get_legend() is None
    assert len(figure.legends) == 1
