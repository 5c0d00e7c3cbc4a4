"""Recurrent networks for pellucid: rnn, gru, lstm with compiled kernels, masks, carried state."""
