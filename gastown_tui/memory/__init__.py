"""What we saw before. Lives in the user's state folder alone, and is never needed for a right answer."""
