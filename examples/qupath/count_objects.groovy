// Reads an export of napari-msm-mil with QuPath's own PathIO and counts what came of it, without opening a slide:
//
//     QuPath script --args slide.geojson examples/qupath/count_objects.groovy
//
// It prints objects, classes and measurements, compares them with the export's sidecar (slide.provenance.json) where
// that is beside the file, and ends with PASSED or FAILED. Written against the sources of QuPath 0.4 to 0.8; it was
// not run inside QuPath yet. Please report what it prints, with the version of QuPath.

import qupath.lib.common.GeneralTools
import qupath.lib.io.GsonTools
import qupath.lib.io.PathIO

if (!args) {
    println 'Give the file: QuPath script --args slide.geojson count_objects.groovy'
    return
}
def file = new File(args[0])
def objects = PathIO.readObjects(file)
def tiles = objects.findAll { it.isTile() }
def annotations = objects.findAll { it.isAnnotation() }
def hotSpots = annotations.findAll { it.getName()?.contains('hot spot') }
def nameOf = { it.getPathClass() == null ? 'no class' : it.getPathClass().toString() }

println "QuPath ${GeneralTools.getVersion()} read ${objects.size()} objects from ${file.getName()}:"
println "  ${tiles.size()} tiles, ${annotations.size() - hotSpots.size()} top tiles, ${hotSpots.size()} hot spots"
objects.countBy(nameOf).sort().each { name, count -> println "  class ${name}: ${count}" }
def measured = objects.collectMany { it.getMeasurements().keySet() }.countBy { it }
measured.sort().each { name, count -> println "  measurement ${name}: ${count}" }

def problems = []
def check = { what, found, expected -> if (found != expected) problems << "${what}: ${found} instead of ${expected}" }
check('different ids', objects.collect { it.getID() }.unique(false).size(), objects.size())
check('objects that are not locked', objects.count { !it.isLocked() }, 0)
check('objects without an area', objects.count { it.getROI() == null || it.getROI().getArea() <= 0 }, 0)
check('tiles that are no rectangles', tiles.count { it.getROI().getRoiName() != 'Rectangle' }, 0)

def sidecar = new File(file.getAbsoluteFile().getParentFile(), file.getName().replaceAll(/\.geojson(\.gz)?$/, '') + '.provenance.json')
if (sidecar.isFile()) {
    def about = GsonTools.getInstance().fromJson(sidecar.getText('UTF-8'), Map)
    check('tiles', tiles.size(), about.objects.tiles as int)
    check('top tiles', annotations.size() - hotSpots.size(), about.objects.top_tiles as int)
    check('hot spots', hotSpots.size(), about.objects.hot_spots as int)
    check('measurements of tiles', tiles ? about.measurements.findAll { !measured.containsKey(it) } : [], [])
    if (annotations && annotations[0].respondsTo('getMetadata'))  // from QuPath 0.5 on
        check('annotations whose metadata lacks the run', annotations.count { it.getMetadata()['run'] != about.run.run }, 0)
} else
    println "  There is no ${sidecar.getName()} to compare it with."

problems.each { println "  ${it}" }
println problems ? 'FAILED' : 'PASSED'
