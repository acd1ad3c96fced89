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

  @Test(arguments: [(128, 83), (64, 19), (60, 15), (56, 56), (46, 46), (16, 16)])
  func theEncodingIsJoinedWhereAQuarterOfTheLayerIsLeft(_ width: Int, _ outputs: Int) throws {
    let size = FieldSize(width: width, depth: 4, rank: 1, bands: 7)
    let field = BuiltinFields.standard(size, capacity: 2)
    #expect(field.distance.map(\.outputs) == [width, outputs, width, width, width + 1])
    #expect(field.distance.map(\.concatenatesEncoding).contains(true) == (outputs < width))
    _ = try ParameterLayout(field)
  }
}
