// Imports a result into the image that is open in QuPath, sets the colours of its stages, and turns on the map of
// stage 1. Run it from QuPath's script editor (Automate > Script editor, File > Open, Run).
// Written against the sources of QuPath 0.4 to 0.8; not run inside QuPath yet.

import javafx.application.Platform
import qupath.lib.io.PathIO
import static qupath.lib.gui.scripting.QPEx.*

//@VALUES@

def file = new File(geojson)
if (!file.isFile())
    throw new FileNotFoundException("There is no ${geojson}. Set 'geojson' at the top of this script to where it is now.")
def imageData = getCurrentImageData()
if (imageData == null)
    throw new IllegalStateException("Open ${slide} in QuPath first, then run this script again.")
def server = imageData.getServer()
if (server.getServerType().toLowerCase().contains('rotate'))
    throw new IllegalStateException("This image is turned in the project (${server.getServerType()}), so places cannot be matched. " +
            'Add the slide without rotation; QuPath can turn the view instead.')
if (size && (server.getWidth() != size[0] || server.getHeight() != size[1]))
    throw new IllegalStateException("This image has ${server.getWidth()} x ${server.getHeight()} pixels, but ${slide} " +
            "has ${size[0]} x ${size[1]}. Open that slide, or export again with another origin (--origin none for an " +
            "image that was added with --no-crop). To import all the same, set 'size' at the top to [].")

def objects = PathIO.readObjects(file)
def hierarchy = imageData.getHierarchy()
def ids = objects.collect { it.getID() } as Set
hierarchy.removeObjects(hierarchy.getAllObjects(false).findAll { it.getID() in ids }, true)  // of an earlier import
hierarchy.addObjects(objects)
println "${objects.size()} objects imported from ${file.getName()}."

def tiles = objects.findAll { it.isTile() }
//@show_stage@
if (tiles)
    println "The tiles show ${measurement}; Measure > Show measurement maps has the others."
