// Removes the objects of an earlier result from the open image: they are locked, have an id made from their place
// (version 5), and our measurements. What a person unlocked stays.

import static qupath.lib.gui.scripting.QPEx.*

//@VALUES@

def hierarchy = getCurrentHierarchy()
def ours = hierarchy.getAllObjects(false).findAll {
    it.isLocked() && it.getID().version() == 5 && measurements.any { name -> it.getMeasurements().containsKey(name) }
}
hierarchy.removeObjects(ours, true)
ours.size()
