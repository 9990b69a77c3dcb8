// What a cause is about: the values that its sentence names.
//
// Threads: any.
#pragma once

#include "query/why/findings.h"
#include "query/why/rules.h"

namespace logboom::query::why {

// Fills what the finding's own words do not say from the lines near it, the nearest before it
// first: the host of the last address named, the file that was last spoken of, ...
void complete_slots(const Prepared& log, const Finding& finding, Slots& slots);

}  // namespace logboom::query::why
