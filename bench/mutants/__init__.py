"""Small mistakes put into the code, one at a time: whichever no test notices is listed."""
