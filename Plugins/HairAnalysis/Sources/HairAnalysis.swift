// HairAnalysis
