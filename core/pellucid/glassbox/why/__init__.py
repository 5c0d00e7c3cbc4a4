"""Why a number is what it is: expressions evaluated on arrays that know how they were computed, and taken apart."""
