import NeuralFields
import Testing

@Suite struct BuiltinFieldsTests {
  @Test(arguments: [(0, [0, 3, 3, 3, 0]), (1, [0, 3, 0, 0, 0]), (2, [0, 3, 3, 0, 0])])
  func residualsStartAtTheSecondLayer(_ layers: Int, _ ranks: [Int]) {
    let size = FieldSize(width: 16, depth: 4, rank: 3, bands: 1, residualLayers: layers)
    for field in BuiltinFields.all {
      #expect(field.make(size, 2).distance.map(\.rank) == ranks, "\(field.name)")
    }
  }
}
