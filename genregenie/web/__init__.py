"""The face: the gate, the portal's pages and the Gradio page behind them."""
