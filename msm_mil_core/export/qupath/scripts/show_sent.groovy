// Sets the colours of the stages of a result that was sent to QuPath, and turns on the map of stage 1.

import javafx.application.Platform
import static qupath.lib.gui.scripting.QPEx.*

//@VALUES@

def tiles = getCurrentHierarchy().getTileObjects().findAll { it.getMeasurements().containsKey(measurement) }
//@show_stage@
