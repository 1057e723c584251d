"""Long work: started once, looked after until it has ended, whatever its instance comes to."""
