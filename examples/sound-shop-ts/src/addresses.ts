export interface Destination {
  country: string;
  postalCode: string;
}

export const WAREHOUSE: Destination = { country: 'DE', postalCode: '20457' };
export const HOME = WAREHOUSE.country;
