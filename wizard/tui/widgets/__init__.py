"""Small widgets: borderless, few cells to repaint, none of them holds a secret as text."""
