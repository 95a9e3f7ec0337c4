"""One layout a family. To add one: write `name(sheet) -> Draw` with the words of kit.py and name it here."""

from collections.abc import Callable, Mapping

from rungwise.contracts.scene.kit import Draw, Sheet
from rungwise.contracts.scene.layouts.board import comparison_board
from rungwise.contracts.scene.layouts.dashboard import dashboard_cards
from rungwise.contracts.scene.layouts.graph import architecture_map, flow_graph
from rungwise.contracts.scene.layouts.matrix import table_matrix
from rungwise.contracts.scene.layouts.memory import memory_map
from rungwise.contracts.scene.layouts.panels import dual_panel_compare
from rungwise.contracts.scene.layouts.pipeline import pipeline_lane
from rungwise.contracts.scene.layouts.poster import poster_stack
from rungwise.contracts.scene.layouts.span import comparison_span_chart
from rungwise.contracts.scene.layouts.spectrum import spectrum_map
from rungwise.contracts.scene.layouts.system import system_diagram
from rungwise.contracts.scene.layouts.timeline import timeline
from rungwise.contracts.scene.layouts.tree import decision_tree

LAYOUTS: Mapping[str, Callable[[Sheet], Draw]] = {
    "comparison_board": comparison_board,
    "decision_tree": decision_tree,
    "memory_map": memory_map,
    "pipeline_lane": pipeline_lane,
    "system_diagram": system_diagram,
    "timeline": timeline,
    "dashboard_cards": dashboard_cards,
    "dual_panel_compare": dual_panel_compare,
    "table_matrix": table_matrix,
    "poster_stack": poster_stack,
    "comparison_span_chart": comparison_span_chart,
    "spectrum_map": spectrum_map,
    "flow_graph": flow_graph,
    "architecture_map": architecture_map,
}
