"""napari with the plugin: python -m napari_msm_mil [arguments of napari].

On PyQt5 napari warns at every start that it will drop it; the documentation says so once instead.
"""

import warnings

NOTICE_OF_THEME = "System theme detection requires a Qt6 backend"


def main() -> None:
    """Start napari without its notices on PyQt5."""
    from napari import __main__ as napari_main
    from napari._qt import qt_main_window

    warnings.filterwarnings("ignore", message=NOTICE_OF_THEME)
    if hasattr(qt_main_window, "SHOW_QT_WARNING"):  # napari 0.9; from 0.10 on there is no PyQt5
        qt_main_window.SHOW_QT_WARNING = False
    napari_main.main()


if __name__ == "__main__":
    main()
