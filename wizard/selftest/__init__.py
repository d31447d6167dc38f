"""What an administrator can try on his own machine, with nothing but the installed package."""
