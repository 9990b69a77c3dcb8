#include "ui/web/assets.h"

namespace logboom::ui {

std::span<const Asset> assets() { return {}; }

}  // namespace logboom::ui
