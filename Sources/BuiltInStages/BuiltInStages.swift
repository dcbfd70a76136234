// BuiltInStages
