// Opening: finds out from the database which values there are.
//
// Reads the families streams, directory and the heads of the inbox, and no block whose directory
// entry can be read. Wrong values are told and left out; entries of days that were dropped, and
// streams that no block has any more, are removed.
// Threads: before any other.
#pragma once

#include "store/ground.h"
#include "store/seal.h"

namespace logboom::store {

// Fills the directory and the indexes, and tells the sealer where to go on.
[[nodiscard]] Result<void> find_values(Ground& ground, Sealer& sealer);

}  // namespace logboom::store
