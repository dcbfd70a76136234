@main
struct Anagen {
  static func main() {}
}
