#include "histoloom/vocabulary/enum_names.h"

#include <gtest/gtest.h>

#include "histoloom/vocabulary/sampler.h"

namespace histoloom {
namespace {

// What every enumeration with names promises.
template <class Enum>
class EnumWithNames : public testing::Test {};

using Enums = testing::Types<SolverKind, Spacing, PlanKind>;
TYPED_TEST_SUITE(EnumWithNames, Enums);

TYPED_TEST(EnumWithNames, FindsEveryValueByItsName) {
  for (const auto& [value, name] : EnumNames<TypeParam>::table) {
    EXPECT_EQ(parse_enum<TypeParam>(name), value);
    EXPECT_EQ(name_of(value), name);
  }
}

TYPED_TEST(EnumWithNames, FindsNothingByAnotherName) {
  for (const char* name : {"", "Shifted", "ddim ", "TIME"})
    EXPECT_EQ(parse_enum<TypeParam>(name), std::nullopt) << name;
}

TEST(EnumNames, AreThoseOfOptionsAndFiles) {
  EXPECT_EQ(names_of<SolverKind>(), "dpm++ or ddim");
  EXPECT_EQ(names_of<Spacing>(), "time or log_snr");
  EXPECT_EQ(names_of<PlanKind>(), "shifted or random");
}

}  // namespace
}  // namespace histoloom
