import io.kroxylicious.proxy.KafkaProxy;
import io.kroxylicious.proxy.config.ConfigParser;
import io.kroxylicious.proxy.internal.config.Features;
import java.nio.file.Files;
import java.nio.file.Path;

/** `java -cp JARS Kroxylicious.java CONFIG`: Kroxylicious as it comes, until it is ended. */
class Kroxylicious {
  public static void main(String[] args) throws Exception {
    var parser = new ConfigParser();
    var config = parser.parseConfiguration(Files.readString(Path.of(args[0])));
    try (var proxy = new KafkaProxy(parser, config, Features.defaultFeatures())) {
      proxy.startup().block();
    }
  }
}
