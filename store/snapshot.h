// What a Snapshot holds. Member order matters: the view goes before the ground it stands on.
#pragma once

#include <memory>

#include "store/directory.h"
#include "store/ground.h"
#include "store/store.h"

namespace logboom::store {

struct Snapshot::State {
  std::shared_ptr<Ground> ground;
  ToolViewPtr tool;
  IndexesPtr indexes;
  ViewPtr view;
};

}  // namespace logboom::store
