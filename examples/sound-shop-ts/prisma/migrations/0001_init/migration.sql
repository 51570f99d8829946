-- What Prisma's schema can't say: the database refuses to sell what is not there and to give back what was not paid.
ALTER TABLE "Product" ADD CONSTRAINT "stock_not_negative" CHECK ("stock" >= 0);
ALTER TABLE "Order" ADD CONSTRAINT "refunds_within_captures" CHECK ("refundedCents" BETWEEN 0 AND "capturedCents");
