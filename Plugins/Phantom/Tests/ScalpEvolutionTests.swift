import Phantom
import Testing

@Suite struct ScalpEvolutionTests {
  let scene: ScalpScene

  init() throws {
    scene = try ScalpScene(ScalpDescription(), patch: SIMD2(20_000, 20_000), seed: 21)
  }

  private func evolution(_ change: (inout ScalpEvolution) -> Void) -> ScalpEvolution {
    var evolution = ScalpEvolution()
    change(&evolution)
    return evolution
  }

  @Test func `the change names every hair that went and every one that came`() throws {
    let (later, change) = try scene.evolved(
      by: evolution {
        $0.shedShare = 0.1
        $0.gainedPerSquareCentimetre = 30
      })
    let before = Set(scene.hairs.map(\.id))
    let after = Set(later.hairs.map(\.id))
    #expect(after.count == later.hairs.count)
    #expect(before.subtracting(after) == Set(change.lost))
    #expect(after.subtracting(before) == Set(change.gained))
    #expect(change.gained.count == 120)
    #expect(change.lost.count == Int((0.1 * Double(scene.hairs.count)).rounded()))
  }

  @Test func `survivors keep root, unit and pigment`() throws {
    let (later, _) = try scene.evolved(by: evolution { $0.shedShare = 0.2 })
    let before = Dictionary(uniqueKeysWithValues: scene.hairs.map { ($0.id, $0) })
    for hair in later.hairs {
      let old = try #require(before[hair.id])
      #expect(old.root == hair.root && old.unit == hair.unit && old.pigment == hair.pigment)
    }
  }

  @Test func `numbers of lost hairs are not given again`() throws {
    let first = try scene.evolved(
      by: evolution {
        $0.shedShare = 0.5
        $0.gainedPerSquareCentimetre = 10
      })
    let second = try first.scene.evolved(
      by: evolution {
        $0.number = 2
        $0.gainedPerSquareCentimetre = 10
      })
    let old = Set(scene.hairs.map(\.id) + first.change.gained)
    #expect(old.isDisjoint(with: second.change.gained))
  }

  @Test(arguments: [-0.15, 0, 0.1])
  func `shafts thicken by what was asked for`(thickening: Double) throws {
    let (later, _) = try scene.evolved(by: evolution { $0.thickening = thickening })
    let ratios = zip(scene.hairs, later.hairs).map { $1.diameter / $0.diameter }
    let mean = ratios.reduce(0, +) / Double(ratios.count)
    #expect(abs(mean - 1 - thickening) < 0.005)
  }

  @Test func `without a new clip growing hairs lengthen and resting ones do not`() throws {
    let (later, _) = try scene.evolved(
      by: evolution {
        $0.days = 2
        $0.clippedAgain = false
      })
    var grown: [Double] = []
    for (old, new) in zip(scene.hairs, later.hairs) {
      if old.telogen {
        #expect(new.length == old.length)
      } else {
        grown.append(new.length - old.length)
      }
    }
    let mean = grown.reduce(0, +) / Double(grown.count)
    #expect(abs(mean - 660) < 15)
  }

  @Test func `the same evolution gives the same scalp`() throws {
    let change = evolution {
      $0.shedShare = 0.1
      $0.gainedPerSquareCentimetre = 20
    }
    #expect(try scene.evolved(by: change).scene == scene.evolved(by: change).scene)
  }
}
