"""torchvision imports beside this torch, whatever it was built for."""

from mmrag_pipeline.engines.torchvision_ops import declare_missing_operators


def test_torchvision_imports_after_the_declaration() -> None:
    declare_missing_operators()
    import torchvision  # type: ignore[import-untyped]  # torchvision has no types

    assert torchvision.__version__


def test_a_second_declaration_does_nothing() -> None:
    declare_missing_operators()
    assert declare_missing_operators() == ()
