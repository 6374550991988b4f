"""A running QuPath, through the gateway of its extension qupath-extension-py4j.

Written against these sources: qupath-extension-py4j, whose entry point is a subclass of QuPath's `QPEx`, as comes with
QuPath from 0.6 on; `QuPathGUI`, `QuPathViewer`, `OverlayOptions`, `MeasurementMapper`, `PathObjectHierarchy` of QuPath
0.4 to 0.8; and qubalab, which makes the same calls from Python. Not tried inside QuPath.
"""
