import HairCurlStages
import StageKit

/// Serves the stages of this plugin; `--manifest` prints its plugin.yaml.
@main
enum Main {
  static func main() async {
    await StageServer.serve(
      PluginDescription(name: "hair-curl", version: "1.0.0"), [ClassifyCurl.entry])
  }
}
