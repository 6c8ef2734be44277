"""Labels keep off lines and off each other, and stay inside the picture while there is room."""

from jobs.pages.labels import Place, Placer


def test_the_first_free_place_is_taken() -> None:
    placer = Placer(0, 0, 200, 100)
    placer.avoid([(0, 50), (200, 50)])
    assert placer.place("name", [Place(100, 52), Place(100, 30), Place(100, 90)]) == Place(100, 30)


def test_two_labels_do_not_meet() -> None:
    placer = Placer(0, 0, 200, 100)
    places = [Place(100, 30), Place(102, 32), Place(100, 90)]
    assert placer.place("one", places) == places[0]
    assert placer.place("two", places) == places[2]


def test_a_label_would_rather_cover_a_line_than_leave_the_picture() -> None:
    placer = Placer(0, 0, 100, 100)
    placer.avoid([(0, 50), (100, 50)])
    assert placer.place("a long label", [Place(90, 30), Place(10, 52)]) == Place(10, 52)


def test_a_line_of_less_weight_is_covered_first() -> None:
    placer = Placer(0, 0, 200, 100)
    placer.avoid([(0, 20), (200, 20)])
    placer.avoid([(0, 80), (200, 80)], 0.2)
    assert placer.place("name", [Place(50, 24), Place(50, 84)]) == Place(50, 84)


def test_a_place_has_its_price() -> None:
    assert Placer(0, 0, 200, 100).place("name", [Place(50, 24, cost=5), Place(50, 84)]) == Place(50, 84)
