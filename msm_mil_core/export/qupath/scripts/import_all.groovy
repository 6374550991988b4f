// Imports every result of a folder into the image of the open project that has its slide's name, and saves the images.
// Run it from QuPath's script editor with the project open (Run, not Run for project).
// Written against the sources of QuPath 0.4 to 0.8; not run inside QuPath yet.

import java.text.Normalizer
import qupath.lib.io.GsonTools
import qupath.lib.io.PathIO
import static qupath.lib.gui.scripting.QPEx.*

//@VALUES@

def project = getProject()
if (project == null)
    throw new IllegalStateException('Open a project in QuPath first, then run this script again.')
def sidecars = new File(folder).listFiles()?.findAll { it.getName().endsWith('.provenance.json') }
if (!sidecars)
    throw new FileNotFoundException("There are no exports in ${folder}. Set 'folder' at the top of this script to where they are now.")

def folded = { name -> Normalizer.normalize(name, Normalizer.Form.NFC).toLowerCase() }  // accents are written in two ways
def open = getProjectEntry()
def images = project.getImageList()
colours.each { name, packed -> getPathClass(name).setColor(packed as Integer) }
for (sidecar in sidecars.sort { it.getName() }) {
    def about = GsonTools.getInstance().fromJson(sidecar.getText('UTF-8'), Map)
    def slide = folded(about.slide.name)
    def found = images.findAll {
        def name = folded(it.getImageName())
        name == slide || name.startsWith(slide + ' ')  // Bio-Formats adds the name of the series
    }
    if (found.size() != 1) {
        println "LEFT OUT ${about.slide.name}: the project has ${found.size()} images of this name."
        continue
    }
    def entry = found[0]
    def imageData = entry == open ? getCurrentImageData() : entry.readImageData()
    def server = imageData.getServer()
    if (server.getServerType().toLowerCase().contains('rotate')) {
        println "LEFT OUT ${about.slide.name}: it is turned in the project (${server.getServerType()})."
        continue
    }
    def size = about.origin.size_px
    if (about.origin.rule != 'custom' && (server.getWidth() != size[0] as int || server.getHeight() != size[1] as int)) {
        println "LEFT OUT ${about.slide.name}: it has ${server.getWidth()} x ${server.getHeight()} pixels in QuPath, " +
                "the export ${size[0] as int} x ${size[1] as int}. Export again with another origin."
        continue
    }
    def objects = PathIO.readObjects(new File(folder, about.geojson))
    def ids = objects.collect { it.getID() } as Set
    def hierarchy = imageData.getHierarchy()
    hierarchy.removeObjects(hierarchy.getAllObjects(false).findAll { it.getID() in ids }, true)  // of an earlier import
    hierarchy.addObjects(objects)
    entry.saveImageData(imageData)
    println "${about.slide.name}: ${objects.size()} objects."
}
