colours.each { name, packed -> getPathClass(name).setColor(packed as Integer) }
def viewer = getCurrentViewer()
if (viewer != null && tiles)
    Platform.runLater {
        def map = new qupath.lib.gui.tools.MeasurementMapper(
                qupath.lib.color.ColorMaps.createColorMap('MSM-MIL stage 1', ramp[0] as int[], ramp[1] as int[], ramp[2] as int[]),
                measurement, tiles)
        map.setDisplayMinValue(0)
        map.setDisplayMaxValue(1)
        viewer.getOverlayOptions().setFillDetections(true)
        viewer.getOverlayOptions().setMeasurementMapper(map)
        viewer.repaintEntireImage()
    }
