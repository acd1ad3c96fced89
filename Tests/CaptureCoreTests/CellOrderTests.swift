import CaptureCore
import Testing

@Suite struct CellOrderTests {
  @Test func thingsStandCellByCellInTheirOrder() {
    let cells = CellOrder([2, 0, 2, 3, 0, 2], cells: 5)
    #expect(cells.starts == [0, 2, 2, 5, 6, 6])
    #expect(cells.order == [1, 4, 0, 2, 5, 3])
  }

  @Test func withoutThingsAllCellsAreEmpty() {
    let cells = CellOrder([], cells: 3)
    #expect(cells.starts == [0, 0, 0, 0])
    #expect(cells.order.isEmpty)
  }
}
