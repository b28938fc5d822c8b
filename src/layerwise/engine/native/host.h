// Who calls the engine: Python, or JavaScript in a page. Both have an Object, which is what comes from there; an Array,
// which is checked as it is made from one; refuse and refuse_use; Released; asked_to_stop; tell; and raise_pending.
#pragma once

#if defined(__wasm__)
#include "javascript.h"
#else
#include "python.h"
#endif
