import java.io.File;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

import py4j.GatewayServer;

/** The classes of QuPath that are called, with the signatures of its sources, behind the gateway that its extension uses. */
public class StandIn {

    public interface PathObject {}

    public static class Feature implements PathObject {
        final String json;
        Feature(String json) { this.json = json; }
    }

    public static class JsonElement {}

    public static class Metadata {
        public String getName() { return "drawn.svs"; }
    }

    public static class ImageServer {
        public Metadata getMetadata() { return new Metadata(); }
        public int getWidth() { return 1000; }
        public int getHeight() { return 900; }
        public Collection<URI> getURIs() { return List.of(URI.create("file:/data/a%20folder/drawn.svs")); }
    }

    public static class Hierarchy {
        final List<PathObject> objects = new ArrayList<>();
        public synchronized boolean addObjects(Collection<? extends PathObject> more) { return objects.addAll(more); }
        public Collection<PathObject> getAnnotationObjects() {
            return objects.stream().filter(each -> ((Feature) each).json.contains("\"annotation\"")).toList();
        }
    }

    public static class ImageData {
        final Hierarchy hierarchy = new Hierarchy();
        public ImageServer getServer() { return new ImageServer(); }
        public Hierarchy getHierarchy() { return hierarchy; }
    }

    public static class Viewer {
        double x, y, downsample = 1;
        public double getCenterPixelX() { return x; }
        public double getCenterPixelY() { return y; }
        public double getDownsampleFactor() { return downsample; }
        public void setCenterPixelLocation(double x, double y) { this.x = x; this.y = y; }
        public void setDownsampleFactor(double downsample) { this.downsample = downsample; }
        public void setDownsampleFactor(double downsample, double x, double y) { throw new IllegalStateException(); }
    }

    public static class QuPathGUI {
        final ImageData data = new ImageData();
        public final List<String> scripts = new ArrayList<>();
        public ImageData getImageData() { return data; }
        public Object runScript(final File file, final String script) {
            if (file != null || script.contains("no such thing"))
                throw new IllegalArgumentException("only text that is known\nhere");
            scripts.add(script);
            return scripts.size();
        }
        public int countScripts() { return scripts.size(); }
        public int countObjects() { return data.hierarchy.objects.size(); }
    }

    static final QuPathGUI GUI = new QuPathGUI();
    static final Viewer VIEWER = new Viewer();

    public static QuPathGUI getQuPath() { return GUI; }
    public static Viewer getCurrentViewer() { return VIEWER; }

    public static List<PathObject> toPathObjects(String geoJson) {
        List<PathObject> found = new ArrayList<>();
        for (String line : geoJson.split("\n"))
            if (line.startsWith("{\"type\":\"Feature\","))
                found.add(new Feature(line.endsWith(",") ? line.substring(0, line.length() - 1) : line));
        return found;
    }

    public static List<PathObject> toPathObjects(JsonElement element) { throw new IllegalStateException(); }

    public static List<String> toFeatureCollections(Collection<? extends PathObject> objects, int size) {
        List<PathObject> all = new ArrayList<>(objects);
        List<String> texts = new ArrayList<>();
        for (int at = 0; at < all.size(); at += size) {
            List<String> features = all.subList(at, Math.min(at + size, all.size())).stream().map(each -> ((Feature) each).json).toList();
            texts.add("{\"type\":\"FeatureCollection\",\"features\":[" + String.join(",", features) + "]}");
        }
        return texts;
    }

    public static void main(String[] arguments) throws Exception {
        GatewayServer server = new GatewayServer.GatewayServerBuilder()
                .entryPoint(new StandIn())
                .javaPort(0)
                .authToken(arguments[0])
                .build();
        server.start();
        System.out.println(server.getListeningPort());
        System.in.read();  // until the test closes it
        server.shutdown();
    }
}
